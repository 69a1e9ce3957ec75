export default () => ({ isBase64Encoded: true, body: 'aGk=' })
