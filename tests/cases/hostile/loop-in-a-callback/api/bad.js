export default () => [1].map(() => { for (;;); })
