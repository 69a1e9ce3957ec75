export default async () => { for (let n = 0; n < 900; n++) await fazt.app.kv.get('x'); return 'fits' }
