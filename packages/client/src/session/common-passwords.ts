/**
 * What people choose most often for a password, without the digits and signs around it, the commonest first; in lower case, as plain
 * letters. Names, teams and words that come up in every published list of leaked passwords.
 */
export const COMMON_PASSWORDS: readonly string[] = `
password qwerty letmein iloveyou welcome admin monkey dragon master sunshine princess football baseball shadow superman michael
login abc hello freedom whatever trustno batman passw passwort motdepasse contrasena senha parola haslo wachtwoord salasana losenord
secret access flower hottie loveme zaq charlie donald jordan jennifer hunter buster soccer harley ranger daniel thomas george
computer michelle jessica pepper maggie ginger killer hockey cookie silver william starwars mustang summer winter spring autumn corvette
ashley nicole chelsea biteme matthew robert danielle forever family jonathan patrick martin andrew joshua amanda bailey purple
butterfly orange banana chocolate cheese samantha angel angels lovely jasmine brandon anthony justin test tester testing guest root
administrator user username changeme default temp temporary internet google facebook microsoft windows samsung apple iphone android linux
nothing something anything everything nobody somebody please thankyou money dollar bitcoin crypto wallet business company office work
hallo schatz liebe sommer herbst fruehling geheim passwd pass pwd pw sesame opensesame swordfish joker robin spiderman ironman
pokemon pikachu naruto minecraft fortnite roblox zelda mario sonic gandalf frodo hobbit merlin wizard magic matrix neo trinity phoenix
tiger lion eagle falcon wolf bear horse puppy kitty kitten doggy doggie snoopy garfield tigger panda dolphin turtle rabbit bunny
chicken turkey pizza coffee whiskey guinness bacon peanut pumpkin cupcake candy sugar honey sweetie babygirl babyboy baby boobs sexy
fuckyou fuckme fuckoff asshole bitch pussy cock shit hardcore porn cum sex lover loverboy lovers love iloveu ilovegod jesus christ church heaven
angela melissa stephanie elizabeth victoria rachel rebecca heather tiffany crystal amber sabrina vanessa natasha natalie alexis
alexandra alexander alex alexandre andrea anna carlos carolina caroline claudia christian christine christopher david diana
dennis edward eduardo eric fernando francis francisco frank friends gabriel hannah henry isabella jack jackson jacob james jason john
johnny jose joseph juan julia julian karen katherine kevin laura lauren leonardo liverpool arsenal barcelona realmadrid juventus manchester
chelseafc lakers yankees redsox cowboys steelers packers broncos raiders dallas boston chicago newyork london paris berlin madrid america
canada mexico brazil france germany england ireland scotland australia russia india china japan lucas madison marina mark marlboro
maria marie mario marvin max maximus mercedes ferrari porsche lamborghini bmw audi honda toyota yamaha suzuki kawasaki ducati harleydavidson
metallica nirvana slipknot greenday blink eminem tupac beatles elvis rockyou rockstar guitar music player gamer gaming games
playboy playstation xbox nintendo nicholas oliver oscar pamela paul peter philip raymond richard ronaldo messi neymar beckham rosebud
samson sandra sarah scooter scorpion sebastian simon smokey snowball sophie spencer stella steven stupid sydney teresa
thunder tigers tomcat tony travis tucker tyler vincent viper walter warrior yellow yankee zxcvbn asdfgh qazwsx asdf zxcv wasd
letmein1 mypassword mypass thepassword newpassword oldpassword yourpassword password1 passpass secure security private personal
january february march april may june july august september october november december monday tuesday wednesday thursday friday
saturday sunday today tomorrow yesterday birthday christmas halloween easter holiday vacation weekend beach ocean island paradise
diamond emerald ruby pearl gold golden platinum titanium blue green red black white pink lucky blessed happy smile smiley
beautiful beauty gorgeous handsome cutie cute sweet sweety sweetheart darling dearest mother father mommy daddy mama papa mom dad
sister brother grandma grandpa marriage wedding forever21 together always never live life dream dreams dreamer star stars moon
cloud rainbow sunset sunrise sunny storm lightning fire ice water earth nature peace hope faith grace joy glory king queen
prince knight castle pirate ninja samurai soldier army navy marine police doctor nurse teacher student school college university
peergos pyrgos cloud storage drive backup server database oracle cisco router wifi wireless network internetaccess welcome1
`
  .trim()
  .split(/\s+/u);

/** The same for languages other than English, each with letters of its own or in plain ones. */
export const COMMON_PASSWORDS_ELSEWHERE: readonly string[] = `
пароль contraseña motdepasse passwort senha 密码 密碼 パスワード 비밀번호 şifre hasło привет любовь teamo amor jetaime
fußball fussball futbol futebol calcio солнышко максим наташа марина андрей александр сергей дмитрий ольга россия москва спартак зенит
кошка собака админ логин йцукен фыва ячсмить україна київ слава
tequiero teamomucho micontraseña hola holamundo princesa mariposa estrella corazon familia mexico españa realmadrid clave claveacceso
brasil flamengo corinthians palmeiras benfica sporting minhasenha teadoro felicidade amizade deus jesuscristo
azerty bonjour soleil doudou loulou chouchou coucou monamour marseille bienvenue secretdefense
schalke bayern borussia dortmund hamburg deutschland schmetterling hoffnung geheimnis willkommen sonnenschein schneemann mausi engel
ciao amore amoremio tiamo napoli inter milano roma giulia francesco bella
polska kochamcie misiek kasia legia mateusz galatasaray fenerbahçe beşiktaş türkiye istanbul mustafa seniseviyorum
woaini woaini1314 5201314 1314520 我爱你 我愛你 你好 爱你 中国 中國 北京 上海 mima mimamima
sakura doraemon aishiteru あいしてる こんにちは ありがとう さくら ひみつ
사랑해 안녕하세요 대한민국 tkfkdgo dkssud qlalfqjsgh كلمةالسر حبيبي الله محمد bismillah habibi
`
  .trim()
  .split(/\s+/u);

/**
 * Passphrases that are famous: examples of comics, handbooks and advice on passwords, and lines that everybody knows, which are in the lists of whoever guesses. In
 * lower case, one a line, words apart.
 */
export const FAMOUS_PASSPHRASES: readonly string[] = `
correct horse battery staple
horse battery staple
correct battery horse staple
correct staple horse battery
staple battery horse correct
diceware word list passphrase
cleft cam synod lacy yr wok
apple banana cherry date
quick brown fox jumps
the quick brown fox jumps over the lazy dog
lorem ipsum dolor sit amet
consectetur adipiscing elit
to be or not to be that is the question
may the force be with you
use the force luke
luke i am your father
live long and prosper
beam me up scotty
one ring to rule them all
you shall not pass
winter is coming
valar morghulis
a girl has no name
with great power comes great responsibility
houston we have a problem
open the pod bay doors hal
i am the one who knocks
call me ishmael
it was the best of times it was the worst of times
in the beginning god created the heaven and the earth
the lord is my shepherd i shall not want
our father who art in heaven
in the beginning was the word
for god so loved the world
mary had a little lamb
twinkle twinkle little star
happy birthday to you
row row row your boat
never gonna give you up
never gonna let you down
we will rock you
all you need is love
is this the real life is this just fantasy
hello darkness my old friend
dont worry be happy
i love you so much
i love you forever
let me in please
open sesame open sesame
this is my password
this is a secure password
this is a strong password
this is a very long password
my password is password
my voice is my passport verify me
i forgot my password
four score and seven years ago
we the people of the united states
one small step for man
the answer is forty two
dont panic dont panic
so long and thanks for all the fish
sphinx of black quartz judge my vow
how vexingly quick daft zebras jump
pack my box with five dozen liquor jugs
it is a truth universally acknowledged
sein oder nicht sein
franz jagt im komplett verwahrlosten taxi
alle meine entchen schwimmen auf dem see
ich bin ein berliner
freude schöner götterfunken
fest gemauert in der erden
liberte egalite fraternite
allons enfants de la patrie
je pense donc je suis
etre ou ne pas etre
en un lugar de la mancha
ser o no ser esa es la cuestion
nel mezzo del cammin di nostra vita
veni vidi vici
cogito ergo sum
alea iacta est
`
  .trim()
  .split('\n');
