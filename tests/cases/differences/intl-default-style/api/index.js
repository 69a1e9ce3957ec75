export default () => new Intl.DateTimeFormat('en-US', { timeZone: 'UTC' }).format(new Date('2024-02-29'))
