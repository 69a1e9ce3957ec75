export default async () => { for (let n = 0; n < 1100; n++) await fazt.app.kv.get('x'); return 'never' }
