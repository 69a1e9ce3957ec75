export default 'own'
