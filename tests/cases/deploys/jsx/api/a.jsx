export default () => <b/>
