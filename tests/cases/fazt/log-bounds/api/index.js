export default () => { for (let n = 0; n < 500; n++) console.log('line ' + n); return 'done' }
