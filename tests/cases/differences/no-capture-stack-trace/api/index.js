export default () => typeof Error.captureStackTrace
