import * as cheerio from 'cheerio'
export default () => {
  const $ = cheerio.load('<ul id="l"><li class="a">one</li><li>two<b>!</b></li></ul><p>after')
  $('li.a').addClass('b').attr('data-x', '1').after('<li>new</li>')
  $('p').text('<safe>')
  return [$('li').length, $('#l li').map((i, e) => $(e).text()).get(), $('ul').html(), $('p').html(), $('li:nth-child(3) > b').text(), $('li').first().is('.b')]
}
