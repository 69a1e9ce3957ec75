export default () => {
  const date = Temporal.PlainDate.from('2024-01-31')
  const zoned = Temporal.ZonedDateTime.from('2024-03-31T01:30[Europe/Berlin]')
  return [
    String(date.add({ months: 1 })), date.dayOfWeek, date.daysInMonth, String(date.until('2024-03-01', { largestUnit: 'month' })), String(Temporal.Duration.from('PT90M').round({ largestUnit: 'hour' })), String(zoned.add({ hours: 1 })), String(Temporal.Instant.fromEpochMilliseconds(0)),
    Temporal.PlainDate.compare('2024-01-01', date), String(Temporal.PlainTime.from('10:00').add({ minutes: 70 })), String(zoned.withTimeZone('America/New_York').toPlainDateTime()), JSON.stringify({ date }), Temporal.Now.instant() instanceof Temporal.Instant, zoned.hoursInDay, String(Temporal.PlainYearMonth.from('2024-02').daysInMonth),
  ]
}
