export default () => { for (let n = 0; n < 1000; n++) Promise.reject(new Error('nobody ' + n)); setTimeout(() => { throw 1 }, 0); return 'fine' }
