import dayjs from 'dayjs'
export default () => {
  const day = dayjs('2024-02-29T10:30:00Z')
  return [
    day.add(1, 'year').toISOString().slice(0, 10), day.format('YYYY/MM/DD'), day.diff('2024-01-01', 'day'),
    dayjs('2024-03-01').isAfter(day), dayjs('nonsense').isValid(), day.startOf('month').date(), dayjs.unix(0).toISOString(),
  ]
}
