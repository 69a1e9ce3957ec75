const money = () => new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' }).format(5)
export default () => { try { return money() } catch (e) { return e instanceof Error } }
