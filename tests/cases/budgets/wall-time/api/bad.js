export default async () => { await new Promise((go) => setTimeout(go, 20000)); return 'late' }
