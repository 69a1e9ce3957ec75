export default () => { throw undefined }
