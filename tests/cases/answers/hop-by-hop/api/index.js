export default () => ({
  headers: { 'content-length': '9999', connection: 'close', 'transfer-encoding': 'gzip', 'keep-alive': 'x', upgrade: 'h2c', trailer: 'x-a', te: 'x', 'proxy-authenticate': 'x', 'x-mine': 'y' },
  body: 'short',
})
