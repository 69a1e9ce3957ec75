export default () => ({ headers: { 'content-type': 'image/png' }, body: 'iVBORw0KGgo=' })
