export default () => [typeof Intl.RelativeTimeFormat, typeof Intl.DisplayNames, typeof Intl.DurationFormat]
