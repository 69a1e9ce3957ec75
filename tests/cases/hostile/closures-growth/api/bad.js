export default () => { let f = () => 0; while (true) { const g = f; f = () => g } }
