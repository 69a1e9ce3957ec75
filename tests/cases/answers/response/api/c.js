export default () => Response.redirect('https://example.com/x', 303)
