export default () => '<h1>hi</h1>'
