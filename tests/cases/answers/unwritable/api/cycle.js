export default () => { const o = { a: {} }; o.a.o = o; return o }
