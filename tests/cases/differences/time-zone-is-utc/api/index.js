export default () => [new Date(2024, 0, 1).toISOString(), new Date().getTimezoneOffset()]
