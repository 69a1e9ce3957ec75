let n = 0
export default async () => { await new Promise((go) => setTimeout(go, 2)); n++; return "served" }
