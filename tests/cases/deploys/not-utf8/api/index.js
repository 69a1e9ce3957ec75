export default () => "ÿþ"
