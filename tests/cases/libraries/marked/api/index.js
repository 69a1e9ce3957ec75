import { marked, Marked } from 'marked'
export default () => marked.parse('# Title\n\n- *one*\n- `two` & [three](/x "t")\n\n| a | b |\n| - | -: |\n| 1 | 2 |\n\n```js\nlet a = 1 < 2\n```\n') + new Marked({ breaks: true }).parse('a\nb')
