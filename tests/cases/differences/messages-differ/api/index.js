export default () => { try { null.x } catch (e) { return [e.name, e.message === "Cannot read properties of null (reading 'x')"] } }
