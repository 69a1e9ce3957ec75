export default async () => { await new Promise((go) => setTimeout(go, 400)); return 'served' }
