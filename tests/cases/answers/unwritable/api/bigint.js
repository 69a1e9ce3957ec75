export default () => { return { n: 10n } }
