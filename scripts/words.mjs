// The words that pages, comments and messages avoid, each with its replacement. The nouns are defined in docs/glossary.md.
// `node scripts/check-words.mjs` reports them; test/docs/words.test.ts enforces the list.

/** @type {readonly { readonly pattern: RegExp; readonly instead: string }[]} */
export const words = [
  // The subject of a sentence is a noun of the glossary.
  { pattern: /\b(?:the )?ones?\s+(?:who|whose)\b/gi, instead: 'name the noun: a goroutine that …, a subscriber that …' },
  { pattern: /\b(?:whoever|whomever)\b/gi, instead: 'name the noun: the goroutine that …, the caller that …' },
  { pattern: /\b(?:those|anyone|somebody|someone|he)\s+who\b/gi, instead: 'name the noun: subscribers that …, callers that …' },
  {
    pattern: /(?<=(?:^|[.;:!?]\s|\*\s|[-|] |\n)\s*)What\s+(?:is|was|are|were|has|had|cannot|can|comes|came|may|must|else)\b(?![^.]*\?)/g,
    instead: 'begin with a noun: an item that …, the error that …',
  },
  { pattern: /\bso\s+many\b/gi, instead: 'name the number: `n` items, that number of items' },
  { pattern: /\bof\s+(?:ours|theirs)\b/gi, instead: 'of Millrace; or name it: a source, a stage' },
  { pattern: /\b(?:is|are|was|were|be|been|being)\s+told\b|\btold\s+(?:of|so)\b/gi, instead: 'learns, receives, is reported, is notified' },
  { pattern: /\banswer(?:s|ed|ing)\b|\b(?:may|can|must|will|would|to)\s+answer\b/gi, instead: 'returns' },
  { pattern: /\bat\s+the\s+pace\s+of\b/gi, instead: 'as fast as' },
  { pattern: /\b(?:give|gives|gave|given|giving)\s+way\b/gi, instead: 'yields' },
  { pattern: /\b(?:is|are|was|were|be|been)\s+through\b(?!\s+(?:a|an|the|its?)\b)/gi, instead: 'is done, has left, has finished' },
  { pattern: /\bha[sd]\s+it\s+that\b/gi, instead: 'says' },
  { pattern: /\bas\s+it\s+were\b/gi, instead: 'leave it out' },
  { pattern: /\bsince\s+1970(?:\s+began)?\b/gi, instead: 'Unix time in ms' },
  { pattern: /\b(?:cannot|could\s+not|can't)\s+be\s+paced\b|\btak(?:e|es|ing)\s+no\s+notice\s+of\b/gi, instead: 'ignores backpressure' },
  { pattern: /\b(?:or|and)\s+told\s+so\b|\ball\s+the\s+way\s+down\b|\bfrom\s+the\s+box\b/gi, instead: 'say it plainly' },
  { pattern: /\b(?:own|\w+'s)\s+business\b/gi, instead: 'name who is responsible: the stage decides …' },
  { pattern: /\bnot\s+(?:unlike|uncommon|unusual|without)\b/gi, instead: 'say it positively' },
  { pattern: /\bfor\s+ever\b/gi, instead: 'forever' },
  // Names that have gone.
  {
    pattern: /\b(?:foreman|ledger|roster|crew|outlet)\b/gi,
    instead: 'the name in docs/glossary.md: stage, tracker, group, downstream',
  },
  // American spelling.
  { pattern: /\bcancel(?:led|ling|ler)\b/gi, instead: 'canceled, canceling' },
  { pattern: /\bbehaviours?\b/gi, instead: 'behavior' },
  { pattern: /\b(?:colou|favou|honou|neighbou|labou)r\w*\b/gi, instead: 'color, favor, honor, neighbor, labor' },
  { pattern: /\blicences?\b/gi, instead: 'license' },
  {
    pattern: /\b(?:normali|initiali|synchroni|organi|recogni|optimi|seriali|minimi|maximi|summari|reali)s(?:e|es|ed|ing|ation)\b/gi,
    instead: '-ize',
  },
  { pattern: /\b(?:analyse[sd]?|centre[sd]?|programmes?|travell(?:ed|ing|er))\b/gi, instead: 'American spelling' },
]
