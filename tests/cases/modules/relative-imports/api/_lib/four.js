export default 4
