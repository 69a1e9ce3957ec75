export default () => Response.error()
