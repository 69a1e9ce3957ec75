export default () => <b>hi</b>
