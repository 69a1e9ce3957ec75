export default () => { const a = []; while (true) a.push({ n: a.length }) }
