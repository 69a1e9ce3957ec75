export default async () => { await new Promise((go) => setTimeout(go, 2000)); return 'waited' }
