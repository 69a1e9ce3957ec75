const urls = ['http://127.0.0.1:1/', 'http://localhost/', 'http://[::1]/', 'http://169.254.169.254/latest/meta-data', 'http://10.0.0.1/', 'http://0x7f000001/', 'http://2130706433/', 'https://example.com/', 'file:///etc/passwd', 'ftp://example.com/', 'nonsense']
export default async () => {
  const seen = []
  for (const url of urls) {
    try { await fetch(url); seen.push('fetched ' + url) } catch (e) { if (!(e instanceof Error)) seen.push('no error ' + url) }
    try { fazt.net.fetch(url); seen.push('fetched ' + url) } catch (e) { if (!(e instanceof Error)) seen.push('no error ' + url) }
  }
  return [typeof fetch, typeof fazt.net.fetch, seen]
}
