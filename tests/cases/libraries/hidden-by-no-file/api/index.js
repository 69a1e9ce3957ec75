import dayjs from 'dayjs'
import own from './dayjs.js'
export default () => [own, dayjs.unix(0).isValid()]
