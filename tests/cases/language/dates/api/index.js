export default () => {
  const d = new Date('2024-02-29T12:34:56.789Z')
  return [
    d.getTime(), d.toISOString(), d.getUTCDay(), JSON.stringify(d), new Date(2024, 0, 31, 25).toISOString(), Date.UTC(2024, 1, 30), new Date(NaN).getTime(), isNaN(Date.parse('nonsense')), d.getTimezoneOffset(), new Date(0).toUTCString(),
    Date.parse('2024-02-29'), Date.parse('2024-02-29T00:00:00+02:00'), new Date(d).setUTCMonth(13), typeof Date.now(), new Date(8.64e15 + 1).getTime(), new Date('2024-02-29') < d, d.getFullYear(), String(new Date(0)).slice(0, 24),
  ]
}
