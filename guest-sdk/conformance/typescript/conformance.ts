// The conformance pipeline of guest-sdk/conformance/README.md.
import {
  all, any, asBytes, binary, bool, date, day, first, float, hll, int, int64, json, last, max, min, nullable, offset, partition,
  payload, pipeline, recordHeader, recordKey, recordTime, reject, sourceName, sum, text, timestamp, truncate,
} from '@backfold/guest';

/** Ends the instance: exceptions do not pass a recursion without end. */
function trap(): never {
  return [trap()] as never;
}

export default pipeline({
  name: 'conformance',
  version: '0.1.0',
  only: { type: ['event', 'probe'] },
  event: {
    at: timestamp({ eventTime: true }),
    flag: bool(),
    number: int64(),
    ratio: float(),
    day: date(),
    text: text(),
    data: binary({ encoding: 'hex' }),
    doc: json(),
    optFlag: nullable(bool('opt.flag')),
    optNumber: nullable(int64('opt.number')),
    optRatio: nullable(float('opt.ratio')),
    optMoment: nullable(timestamp('opt.moment', { encoding: 'epoch-milliseconds' })),
    optDay: nullable(date('opt.day')),
    optText: nullable(text('opt.text')),
    optData: nullable(binary('opt.data')),
    optDoc: nullable(json('opt.doc')),
    keyText: text('key.text'),
    keyFlag: nullable(bool('key.flag')),
    keyNumber: nullable(int64('key.number')),
    keyMoment: nullable(timestamp('key.moment')),
    keyDay: nullable(date('key.day')),
    keyData: nullable(binary('key.data')),
    dotted: nullable(text('dot\\.ted')),
    payload: payload(),
    recordKey: asBytes(recordKey()),
    trace: recordHeader('trace'),
    recordTime: recordTime(),
    source: sourceName(),
    partition: partition(),
    offset: offset(),
  },
  key: {
    text: text(),
    flag: nullable(bool()),
    number: nullable(int64()),
    moment: nullable(timestamp()),
    day: nullable(date()),
    data: nullable(binary()),
  },
  state: {
    events: sum({ as: 'bigint' }),
    total: sum({ as: 'bigint' }),
    payloadBytes: sum(),
    least: min(),
    greatest: max(),
    low: min(float()),
    high: max(float()),
    maxOffset: max(int()),
    earliest: min(timestamp()),
    latest: max(timestamp()),
    firstDay: min(date()),
    lastDay: max(date()),
    any: any(),
    all: all(),
    placed: all(),
    dotted: any(),
    firstText: first(text()),
    firstData: first(binary()),
    firstDoc: first(text()),
    lastFlag: last(bool()),
    lastNumber: last(int64()),
    lastRatio: last(float()),
    lastMoment: last(timestamp()),
    lastDate: last(date()),
    lastText: last(text()),
    lastData: last(binary()),
    lastDoc: last(text()),
    texts: hll(),
    numbers: hll(),
  },
  params: { floor: nullable(int64()), failOn: nullable(text()), trapOn: nullable(text()) },
  shown: {
    isSingle: bool(),
    mean: nullable(float()),
    hour: nullable(timestamp()),
    since: nullable(date()),
    label: nullable(text()),
    reversed: nullable(binary()),
    distinctTexts: int(),
  },

  fold(e, at, params) {
    const s = at({
      text: e.keyText, flag: e.keyFlag, number: e.keyNumber, moment: e.keyMoment, day: e.keyDay, data: e.keyData,
    });
    s.events.add(1);
    s.total.add(e.number);
    s.payloadBytes.add(e.payload.length);
    s.least.insert(e.number);
    s.greatest.insert(e.number);
    s.low.insert(e.ratio);
    s.high.insert(e.ratio);
    s.maxOffset.insert(e.offset);
    s.earliest.insert(e.at);
    s.latest.insert(e.at);
    s.firstDay.insert(e.day);
    s.lastDay.insert(e.day);
    s.any.insert(e.flag);
    s.all.insert(e.flag);
    const isPlain = e.partition === null && e.recordKey === null && e.trace === null;
    s.placed.insert(e.source !== '' && e.offset >= 0 && e.recordTime > 0 && isPlain);
    s.dotted.insert(e.dotted !== null);
    s.firstText.insert(e.at, e.text);
    s.firstData.insert(e.at, e.data);
    s.firstDoc.insert(e.at, e.doc);
    if (e.optFlag !== null) s.lastFlag.insert(e.at, e.optFlag);
    if (e.optNumber !== null) s.lastNumber.insert(e.at, e.optNumber);
    if (e.optRatio !== null) s.lastRatio.insert(e.at, e.optRatio);
    if (e.optMoment !== null) s.lastMoment.insert(e.at, e.optMoment);
    if (e.optDay !== null) s.lastDate.insert(e.at, e.optDay);
    if (e.optText !== null) s.lastText.insert(e.at, e.optText);
    if (e.optData !== null) s.lastData.insert(e.at, e.optData);
    if (e.optDoc !== null) s.lastDoc.insert(e.at, e.optDoc);
    s.texts.insert(e.text);
    s.numbers.insert(e.number);

    if (params.floor !== null && e.number < params.floor) reject(`the number is below ${params.floor}`);
    if (e.text === params.failOn) throw new Error(`no text may be called ${e.text}`);
    if (e.text === params.trapOn) trap();
  },

  show: (s) => ({
    isSingle: s.events === 1n,
    mean: s.events === 0n ? null : Number(s.total) / Number(s.events),
    hour: s.latest === null ? null : truncate(s.latest, 3600),
    since: s.earliest === null ? null : day(s.earliest),
    label: s.lastText === null ? null : `${s.lastText.value}✓`,
    reversed: s.lastData === null ? null : s.lastData.value.slice().reverse(),
    distinctTexts: Math.round(s.texts.estimate()),
  }),
});
