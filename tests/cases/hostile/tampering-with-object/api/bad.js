export default () => { Object.prototype.status = 500; Object.prototype.headers = { 'x-evil': '1' }; Object.prototype.body = 'evil'; Object.prototype.then = (go) => go('evil'); return 'done' }
