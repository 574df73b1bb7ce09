"""The words that tell whether a stop ends a sentence, in Portuguese and in English.

All are in lower case and without their last stop.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What one language knows about the words beside a stop."""

    leading: frozenset[str]
    """Abbreviations that announce what follows and end no sentence: ``cf.``"""
    numbered: frozenset[str]
    """Abbreviations where a number follows, else words as any other: ``No. 5``"""
    named: frozenset[str]
    """Abbreviations before a name: they end a sentence only where one of ``starters`` follows."""
    closing: frozenset[str]
    """Abbreviations and units that end a sentence where no lower case follows: ``etc.``"""
    months: frozenset[str]
    """Months and days of the week, where a number or lower case follows; else words as any other."""
    starters: frozenset[str]
    """Words that have a capital only where a sentence starts."""
    interjections: frozenset[str]
    """Exclamations that open a sentence: ``Ah! que susto.``"""
    joining: frozenset[str]
    """Words that carry a sentence on after ``!`` or ``?``."""
    says: frozenset[str]
    """Verbs that tell who spoke."""
    lettered: frozenset[str]
    """What is named by a single letter, which then is no initial: ``vitamina C``."""
    reigning: frozenset[str]
    """Words after which a single ``I``, ``V`` or ``X`` is no initial: ``Pio V``, ``So did I``."""
    measured: frozenset[str]
    """What follows a unit rather than starts a sentence in lower case; empty where any word does: ``10 min. de``"""
    linking: frozenset[str]
    """What follows an abbreviation rather than starts a sentence in lower case: ``3 doz. de ovos``."""
    bare_ends: str
    """Letters that end few words of the language: a short word that ends in one has been cut short."""
    whole: frozenset[str]
    """Short words that end in one of these letters all the same."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PORTUGUESE = Words(
    leading=_set(
        "p.s cf cfr cfe vid tb p.ex obs nb op loc org orgs trad coord vs n.b i.e e.g v.g aprox p pp pg pgs pág pags"
        " pag págs n núm v"
    ),
    numbered=_set(
        "no mín máx cap caps art arts inc incs fig figs tab vol vols fl fls tel telef cel fone fax ramal apto ap bl"
        " lt qd lj km séc sécs líq cód gráf ref súm tam vv t ed eds sec proc reg res port doc docs it num sl cep cx"
        " al als dec"
    ),
    named=_set(
        "rel sr sra srs sras sr.a sr.ª srª srta srtas dr dra drs dras dr.a dr.ª drª prof profa profs profas prof.a"
        " prof.ª profª profº exmo exmª exma exmos exmas ilmo ilma ilmos ilmas v.exa v.exª v.ex.ª v.s.ª v.sª v.sa v.m"
        " v.rev.ª s.exa s.exª s.ex.ª exa s.sa sa s.s d fr pe pde st sto sta stos gen gal cel cap maj sgt ten alm brig"
        " cb sd cmte eng engo enga eng.ª engª arq adv dep sen gov min pres rev revmo revma mons des insp del emb ex"
        " av avs r al trav pça pç pca lgo rod estr jd vl pq cj cia cias comp univ inst dept depto dpto n.s n.sra s"
        " visc marq"
    ),
    closing=_set(
        "etc s.a s/a ltda m.e e.p.p a.c d.c a.m p.m jr jor id ibid ib cit op.cit loc.cit q.v e.u.a u.s.a o.n.u s.o.s"
        " r.i.p min mins seg segs h hs hr hrs m km cm mm kg g mg ml l ha t dm hz khz mhz w kw v dz un unid pt pts cv"
    ),
    months=_set("jan fev mar abr mai jun jul ago set out nov dez"),
    starters=_set(
        "eu tu ele ela nós vós eles elas você vocês isto isso aquilo este esta estes estas esse essa esses essas"
        " aquele aquela aqueles aquelas meu minha meus minhas seu sua seus suas nosso nossa nossos nossas o a os as"
        " um uma uns umas em no na nos nas ao aos à às por pelo pela pelos pelas para pra com sem sob sobre entre até"
        " após desde durante contra perante conforme segundo num numa e mas ou porém contudo todavia entretanto"
        " portanto logo pois porque como quando enquanto se embora que quem qual quais quanto quantos onde nem não"
        " sim já ainda agora hoje ontem amanhã depois antes então assim aqui ali lá aí daí dali nunca sempre talvez"
        " também muito muita muitos muitas pouco pouca poucos poucas mais menos nada ninguém tudo todos todas todo"
        " toda alguém algum alguma alguns algumas cada outro outra outros outras ambos ambas só apenas mesmo quase"
        " bem neste nesta nesse nessa deste desta disso disto nisso nisto naquele naquela daquele daquela é era eram"
        " foi foram são está estava estavam estou estamos há havia tem têm tinha tinham vai vou vamos fui fomos ficou"
        " veja leia ver dizem disse deu faz fez chegou saiu voltou veio enfim aliás afinal finalmente infelizmente"
        " felizmente apesar além obrigado obrigada houve quis pode podia precisa preciso quero querem qualquer nenhum"
        " nenhuma cedo tarde basta falta venha"
    ),
    interjections=_set(
        "ah oh ai ui ih uh eh ei ó ô oba opa ufa epa êpa eia puxa nossa caramba céus viva bah xi hum arre credo eita"
        " ora oxente uai deus pois olá alô bravo coragem silêncio adeus psiu"
    ),
    joining=_set("e ou mas nem que porque pois"),
    says=_set(
        "disse diz dizia perguntou pergunta perguntava respondeu responde gritou grita gritava exclamou murmurou"
        " sussurrou falou continuou prosseguiu replicou retrucou indagou inquiriu bradou berrou chamou pediu ordenou"
        " insistiu repetiu acrescentou completou concluiu comentou confessou explicou afirmou garantiu interrompeu"
        " hesitou suspirou riu sorriu gemeu chorou soluçou pensou quis tornou volveu atalhou observou protestou"
        " implorou suplicou resmungou balbuciou gaguejou admitiu concordou avisou anunciou declarou reclamou lamentou"
        " cochichou disseram perguntaram responderam gritaram exclamaram pediram pensei perguntei respondi gritei"
        " exclamei murmurei sussurrei falei repeti indaguei ironizou brincou provocou ecoou rugiu rosnou"
    ),
    lettered=_set(
        "plano vitamina vitaminas letra classe grupo tipo turma ponto hepatite nota opção alternativa apartamento"
        " bloco sala raio raios fator série lado eixo item anexo parte quadro coluna linha seção portão categoria"
        " conjunto variável agente dia hora planeta folha pasta setor ala zona estúdio camisa banda"
    ),
    reigning=_set(
        "rei rainha papa imperador imperatriz príncipe pedro joão luís henrique carlos filipe felipe afonso manuel"
        " sancho pio bento leão gregório jorge elizabeth isabel século capítulo volume tomo livro parte ato cena"
        " canto título artigo inciso anexo fase nível grau tipo"
    ),
    measured=_set(
        "de da do das dos e ou a ao aos à às até por para com sem em no na nos nas antes depois após mais cada que"
    ),
    linking=_set("de da do das dos n.º nº n.os art p pág"),
    bare_ends="bcdfghjkpqtvwxç",
    whole=_set(
        "ok vc vcs tb blz vlw bj hj pc tv cd dvd net web chat blog clube show app link off top pop rock kkk jazz"
    ),
)

ENGLISH = Words(
    leading=_set("p.s cf op loc e.g i.e viz vs v approx esp incl n.b a.k.a mr mrs ms messrs mme mlle"),
    numbered=_set(
        "no nos p pp vol vols fig figs ch chs chap chaps sect vv ex exs rm rte c ca max sec secs art arts ed eq app"
        " apt ext tel flt ref par l n bk pt col para a.d"
    ),
    named=_set(
        "dr drs prof profs st ste mt ft fr gen col maj capt cpt cmdr lt sgt cpl pvt adm gov sen rep reps sens pres"
        " hon rev msgr supt insp det amb br ave av blvd rd ln hwy pkwy sq govt misc dept univ inst assn bros co u.s"
        " u.k u.n e.u ph"
    ),
    closing=_set(
        "etc jr sr esq inc ltd corp plc llc ph.d m.d b.a m.a b.sc m.sc r.n a.m p.m a.d b.c b.c.e c.e u.s.a u.s.s.r"
        " r.i.p al ibid id cit est dist lb lbs oz ft in yd yds mi km kg cm mm m g mg ml hr hrs min mins sec secs mph"
        " doz d.c n.y l.a"
    ),
    months=_set("jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri"),
    starters=_set(
        "i you he she it we they this that these those my your his her its our their the a an in on at by for from"
        " with without of to after before since until when while if because although though but and or so yet nor"
        " then there here now today yesterday tomorrow not no yes what why how where whose which every each all some"
        " many most few both another other such nobody everyone everybody someone somebody anyone anybody nothing"
        " everything something as once during under over is was were are has had have did do does can could will"
        " would should let please perhaps maybe later soon meanwhile however finally suddenly unfortunately"
        " fortunately actually eventually never always sometimes still even only just inside outside nearby"
        " afterwards instead besides none neither either us i'm i'd i'll i've it's he's she's we're they're that's"
        " there's don't didn't he'd she'd we'd they'd"
    ),
    interjections=_set("ah oh o alas hey hello hi hush bah ha aha ouch wow well why good dear lord"),
    joining=_set("and or but nor that"),
    says=_set(
        "said says asked asks cried cries shouted shouts replied replies answered answers whispered whispers yelled"
        " exclaimed muttered called calls added continued demanded screamed snapped sighed murmured laughed wondered"
        " thought began repeated insisted gasped roared hissed groaned moaned sobbed wailed bellowed inquired"
        " enquired grumbled growled stammered protested pleaded begged ordered warned agreed admitted announced"
        " declared observed remarked returned breathed barked shrieked"
    ),
    lettered=_set(
        "plan vitamin letter class group type point option grade hepatitis exhibit team block room gate factor"
        " section part column row side platform wing schedule appendix generation planet agent size terminal zone"
    ),
    reigning=_set(
        "did do am was have than should will can could would king queen pope emperor henry george edward charles"
        " louis richard james william elizabeth john pius book act scene part volume chapter canto title article"
        " phase level type"
    ),
    measured=frozenset(),
    linking=_set("of no monday tuesday wednesday thursday friday saturday sunday est edt pst pdt gmt utc"),
    bare_ends="",
    whole=_set("tv cd dvd pc hm hmm shh psst brr pfft nth"),
)

OF: Mapping[str, Words] = {"pt": PORTUGUESE, "en": ENGLISH}
"""By primary language subtag."""
