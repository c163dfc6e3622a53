"""Words that stand where a name could stand and are none, or are one only sometimes."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Capitalised behind "I'm", "this is", "Hi" or "Thanks", or before "here", without being a name.
NO_NAME = _words(
    """
    a an the my your his her its our their this that these those it he she they we you i me us them
    who whom whose what which when where why how there here now then again also still just only
    even yes no not yeah yep nope ok okay sure right well so very really too quite all any some none
    everyone everybody anyone anybody someone somebody nobody nothing something anything everything
    and or but if because since as of in on at by for from to with without about over under up down
    out off back away home inside outside both each every other another same more most less few
    is are was were be been am do does did has have had can could would shall should might
    must let lets please thank thanks thankyou welcome hello hi hey dear goodbye bye cheers sorry
    apologies afraid happy glad pleased delighted excited ready done good great fine nice perfect
    excellent wonderful awesome amazing fantastic lovely brilliant super cool alright bad terrible
    awful horrible ridiculous unacceptable insane crazy annoying frustrating frustrated annoyed
    angry upset mad furious disappointed confused worried concerned interested tired sick sad lost
    stuck new old curious unable able certain aware available busy free grateful thankful honest
    serious urgent important correct incorrect wrong true false odd weird strange funny different
    better best worse worst first last next late early quick easy hard late alone due set see
    guys folks team support service services customer customers care agent agents assistant bot
    chatbot representative rep supervisor manager specialist department staff sales billing
    technical tech help helpdesk desk reception sir sirs madam ma'am maam miss mister mr mrs ms mx
    dr prof lady ladies gentleman gentlemen gents friend friends buddy bro dude man mate pal love
    honey darling boss chief member user owner holder account parent mom mum mother dad father wife
    husband son daughter sister brother neighbor neighbour kid kids child baby family
    monday tuesday wednesday thursday friday saturday sunday january february march
    july september october november december today tomorrow tonight yesterday morning
    afternoon evening night day week weekend month year time times christmas easter thanksgiving
    halloween ramadan diwali
    american canadian mexican british english scottish welsh irish french german spanish italian
    portuguese dutch swiss austrian polish russian ukrainian turkish greek swedish norwegian danish
    finnish indian pakistani chinese japanese korean vietnamese thai australian african european
    asian brazilian muslim jewish catholic
    looking trying going calling writing contacting having getting using being waiting asking
    working moving speaking chatting typing checking returning following
    looked tried called wrote got need want wanted like know think believe guess understand
    mean feel love hate wish agree appreciate wait hold give take send tell ask call click press
    tap open close select choose check look go come try keep enter type confirm note remember
    kindly anyway actually basically honestly unfortunately however maybe perhaps absolutely
    certainly definitely exactly indeed hopefully
    god goodness gosh jesus lord heavens wow oh ah um hmm haha lol omg asap fyi pm am tv pc id
    number order item product device phone email mail address card payment name question issue
    problem app website page online store shop delivery package warranty refund return
    confirmed noted understood received sounds glad anytime enjoy stay take sincerely regards
    hola gracias bonjour merci hallo danke guten bitte tag abend morgen salut buenos buenas
    moment second minute bit way place thing lot part case point fact reason idea
    yup nah nope yay hurray cya ttyl ciao adios arigato certainly
    bored broke broken elderly disabled deaf blind dumb stupid crap bs fake scam spam garbage trash
    joke nuts mad fed furious stressed desperate cold hot hungry pregnant single married retired
    overseas abroad outta gonna wanna havin tryin lookin callin kinda sorta super mega totally
    one two three four five six seven eight nine ten gift guest
    visible hidden gone everywhere nowhere public private empty changed cut mud greyed grayed shown
    printed removed deleted displayed always never apparently supposed required requested needed
    used linked tied dont don't doesnt doesn't didnt didn't cant can't wont won't isnt isn't im i'm
    idk dunno whatever before after joined taking stepping sent paid trying locked having been
    spelled spelt written listed misspelled registered attached showing missing blank
    """
)

# Given or family names that are also everyday words: a later mention counts when capitalised
# within a sentence, never in lower case ("will", "may") or where any word has a capital.
SOMETIMES_A_NAME = _words(
    """
    will may mark grace rose hope joy faith charity bill sue pat rob drew chase grant frank miles
    art gene guy dean earl rich max jack june april august summer autumn dawn eve holly ivy iris
    jade lily ruby pearl daisy violet amber ginger sandy sky star melody harmony chance hunter
    cash case cliff clay dale dusty ford glen heath lane lee mason parker penn pierce ray reed
    rusty sage skip stone tanner wade ward web west wood woods brooks banks bell bird black bond
    brown bush butler carpenter carter church close cook cooper cross day field fields fisher
    fox french gates gold good gray green grey hall hand hardy hart hill hood house hunt king
    knight law light little long love marsh may miller moon moss noble north page paige park
    pope porter potter power price rice rivers sharp short singer smart snow south spring steel
    street strong sweet tower tree turner walker wall waters way weaver wells white wise wolf
    worth young an do so in ho he la le my no can see long song sun main van von kit bud chip
    buddy sunny precious angel christian major justice prince princess royal taylor christmas
    basil olive rosemary mercy patience prudence constance carol harry herb josh
    """
)

# Parts of a mailbox that name a task or a thing, not a person.
NO_MAILBOX_NAME = _words(
    """
    info mail email contact hello help support sales service billing admin office team shop store
    orders order account accounts home work school family house music video photo pottery studio
    student students uncle aunt auntie mama papa mom dad grandma grandpa the mrs mister doctor
    old new main first second test user guest noreply reply no privacy security press jobs career
    returns refunds tradein warranty care customer smart home phone tablet games gaming reader
    """
)

# Between a number and a word for a street these say that it is no address, and as a town no town.
NO_STREET = _words(
    """
    the a an of in on at to my your our this that it is are was were for from and or by with up down
    across along off over under about around near per more most miles mile minutes minute mins min
    seconds second secs sec while until once twice standing right left
    hours hour hrs days day weeks week months month years year km kilometers kilometres meters
    metres feet ft yards blocks block doors houses cars car times time people inch inches cm mm
    tb gb mb kb terabyte gigabyte usb hard external internal flash solid state disk disc pen thumb
    google cloud one- test dead front back other same next last big small great long short new old
    only best one two three different separate whole all every each some any star stars bedroom
    bed way lane lanes thanks thank please yes no i you we they he she there then here pm am
    can could will would do does did have has had let make but if when so as after before
    monday tuesday wednesday thursday friday saturday sunday what where who how why shall
    january february march april june july august september october november december
    percent dollars dollar bucks euros pounds rupees items item units pieces pack
    """
)
