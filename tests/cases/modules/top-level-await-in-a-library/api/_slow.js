export const value = await new Promise((go) => setTimeout(go, 10, 'there'))
