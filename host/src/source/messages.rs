//! Records of a log, packed into few allocations for the decoder.
//!
//! Separate records would each need an allocation and a reference count. So all values of a chunk are stored one after
//! another in one buffer, which a decoder reads like a text file. Keys and headers are in another buffer.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// The number of zeros after the values: a vector instruction may read this far after the last one.
pub(crate) const PADDING: usize = 64;

/// Records of one partition, in ascending order of their offsets.
#[derive(Clone, Debug)]
pub struct Messages {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition, if the source has partitions.
    pub partition: Option<i32>,
    entries: Vec<Entry>,
    /// The values, each followed by a zero, then [`PADDING`] zeros.
    values: Bytes,
    /// The keys, and the names and values of headers.
    metadata: Vec<u8>,
    headers: Vec<Header>,
}

/// The positions of the parts of a record in the buffers.
#[derive(Clone, Debug)]
struct Entry {
    offset: i64,
    time_us: Option<i64>,
    value: Option<Span>,
    key: Option<Span>,
    headers: Span,
}

#[derive(Clone, Debug)]
struct Header {
    name: Span,
    value: Option<Span>,
}

type Span = Range<u32>;

/// A record of a log.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in microseconds since 1970-01-01T00:00:00Z, where it has one.
    pub time_us: Option<i64>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its headers, in order; a name may come twice.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

/// The parts of a record other than its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// Its timestamp in microseconds since 1970-01-01T00:00:00Z, where it has one.
    pub time_us: Option<i64>,
    /// Its key, if it has one and keys were read.
    pub key: Option<Bytes>,
    /// Its headers in order, if headers were read.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// Whether the record is a tombstone, which has no value.
    pub is_tombstone: bool,
    /// Whether key and headers were dropped because they are too long.
    pub is_cut: bool,
}

/// A record in [`Messages`].
#[derive(Clone, Copy, Debug)]
pub struct MessageRef<'a> {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp in microseconds since 1970-01-01T00:00:00Z, where it has one.
    pub time_us: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

/// The headers of a record, in order; a name may come twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    list: &'a [Header],
    metadata: &'a [u8],
}

impl<'a> Headers<'a> {
    /// The names and values.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = (&'a [u8], Option<&'a [u8]>)> {
        self.list.iter().map(move |header| {
            let value = header.value.clone();
            (
                part(self.metadata, header.name.clone()),
                value.map(|value| part(self.metadata, value)),
            )
        })
    }

    /// The value of the last header with this name. Kafka's own clients use the last one, too.
    pub fn last(self, name: &str) -> Option<&'a [u8]> {
        let mut headers = self.iter().rev();
        headers.find(|(known, _)| *known == name.as_bytes())?.1
    }
}

impl Attached {
    /// The size of key and headers in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, Bytes::len))
            .sum();
        self.key.as_ref().map_or(0, Bytes::len) + headers
    }

    /// Drops key and headers if they have more than `most_bytes` together.
    pub(crate) fn within(self, most_bytes: usize) -> Self {
        if self.size_bytes() <= most_bytes {
            return self;
        }
        Attached {
            key: None,
            headers: Vec::new(),
            is_cut: true,
            ..self
        }
    }
}

impl MessageRef<'_> {
    /// A copy of all but the value.
    pub(crate) fn attached(&self) -> Attached {
        let headers = self.headers.iter().map(|(name, value)| {
            let name = String::from_utf8_lossy(name).into_owned();
            (name, value.map(Bytes::copy_from_slice))
        });
        Attached {
            time_us: self.time_us,
            key: self.key.map(Bytes::copy_from_slice),
            headers: headers.collect(),
            is_tombstone: self.value.is_none(),
            is_cut: false,
        }
    }
}

impl Messages {
    /// Packs `messages`, which are in ascending order of their offsets.
    ///
    /// # Panics
    /// If the values, or the keys and headers, have 4 GiB or more together.
    pub fn new(
        topic: Arc<str>,
        partition: Option<i32>,
        messages: impl IntoIterator<Item = Message>,
    ) -> Self {
        let mut packer = Packer::new(0);
        for message in messages {
            packer.push(message.offset, message.time_us, message.value.as_deref());
            if let Some(key) = &message.key {
                packer.key(key);
            }
            for (name, value) in &message.headers {
                packer.header(name.as_bytes(), value.as_deref());
            }
        }
        packer.finish(topic, partition)
    }

    /// The number of records.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The size of the buffers in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.values.len() + self.metadata.len()
    }

    /// The record at the position `at`, from 0.
    ///
    /// # Panics
    /// If `at` is not less than [`len`](Messages::len).
    pub fn get(&self, at: usize) -> MessageRef<'_> {
        let entry = &self.entries[at];
        let headers = &self.headers[index(&entry.headers)];
        let value = entry.value.clone();
        let key = entry.key.clone();
        MessageRef {
            offset: entry.offset,
            time_us: entry.time_us,
            key: key.map(|key| part(&self.metadata, key)),
            headers: Headers {
                list: headers,
                metadata: &self.metadata,
            },
            value: value.map(|value| part(&self.values, value)),
        }
    }

    /// The record with this offset.
    pub(crate) fn at_offset(&self, offset: i64) -> Option<MessageRef<'_>> {
        let found = self
            .entries
            .binary_search_by_key(&offset, |entry| entry.offset);
        found.ok().map(|at| self.get(at))
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = MessageRef<'_>> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The size of the values in bytes.
    pub(crate) fn value_bytes(&self) -> u64 {
        let values = self.iter().filter_map(|message| message.value);
        values.map(|value| value.len() as u64).sum()
    }

    /// The values, each followed by a zero, then [`PADDING`] zeros.
    pub(crate) fn values(&self) -> &Bytes {
        &self.values
    }

    /// The position of a record's value in [`values`](Messages::values); `None` for a tombstone.
    pub(crate) fn place(&self, at: usize) -> Option<Range<usize>> {
        self.entries[at].value.as_ref().map(index)
    }
}

fn index(span: &Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

fn part(bytes: &[u8], span: Span) -> &[u8] {
    &bytes[index(&span)]
}

/// Packs records one after another.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    entries: Vec<Entry>,
    values: Vec<u8>,
    metadata: Vec<u8>,
    headers: Vec<Header>,
}

impl Packer {
    /// A packer with room for `value_bytes` bytes of values.
    pub(crate) fn new(value_bytes: usize) -> Self {
        Packer {
            values: Vec::with_capacity(value_bytes),
            ..Packer::default()
        }
    }

    /// Adds a record; its key and headers are added afterwards.
    pub(crate) fn push(&mut self, offset: i64, time_us: Option<i64>, value: Option<&[u8]>) {
        let value = value.map(|value| {
            let span = append(&mut self.values, value);
            self.values.push(0);
            span
        });
        let next_header = narrow(self.headers.len());
        self.entries.push(Entry {
            offset,
            time_us,
            value,
            key: None,
            headers: next_header..next_header,
        });
    }

    /// Sets the key of the last record.
    pub(crate) fn key(&mut self, key: &[u8]) {
        if let Some(last) = self.entries.last_mut() {
            last.key = Some(append(&mut self.metadata, key));
        }
    }

    /// Adds a header to the last record.
    pub(crate) fn header(&mut self, name: &[u8], value: Option<&[u8]>) {
        if let Some(last) = self.entries.last_mut() {
            let name = append(&mut self.metadata, name);
            let value = value.map(|value| append(&mut self.metadata, value));
            self.headers.push(Header { name, value });
            last.headers.end = narrow(self.headers.len());
        }
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The size of the buffers in bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.values.len() + self.metadata.len()
    }

    /// The packed records.
    pub(crate) fn finish(mut self, topic: Arc<str>, partition: Option<i32>) -> Messages {
        self.values.extend_from_slice(&[0; PADDING]);
        Messages {
            topic,
            partition,
            entries: self.entries,
            values: self.values.into(),
            metadata: self.metadata,
            headers: self.headers,
        }
    }
}

fn append(to: &mut Vec<u8>, bytes: &[u8]) -> Span {
    let start = narrow(to.len());
    to.extend_from_slice(bytes);
    start..narrow(to.len())
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("less than 4 GiB is packed together")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let text = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
        let list = [
            (text("{}"), text("k"), vec![("a", text("1")), ("a", None)]),
            (None, None, vec![]),
            (text(""), text(""), vec![("b", text(""))]),
        ];
        let messages = list.clone().into_iter().enumerate();
        let messages = messages.map(|(at, (value, key, headers))| Message {
            offset: 7 + at as i64,
            time_us: (at > 0).then_some(-1),
            key,
            headers: headers
                .into_iter()
                .map(|(n, v)| (n.to_owned(), v))
                .collect(),
            value,
        });
        let packed = Messages::new("t".into(), Some(3), messages);
        assert_eq!(packed.len(), 3);
        for (at, (message, (value, key, headers))) in packed.iter().zip(&list).enumerate() {
            assert_eq!(message.offset, 7 + at as i64);
            assert_eq!(message.time_us, (at > 0).then_some(-1));
            assert_eq!(message.value, value.as_deref());
            assert_eq!(message.key, key.as_deref());
            let found = message.headers.iter();
            let expected = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_deref()));
            assert!(found.eq(expected));
        }
        assert_eq!(packed.get(0).headers.last("a"), None, "the last one counts");
        assert_eq!(packed.get(2).headers.last("b"), Some(&b""[..]));
        assert_eq!(packed.get(2).headers.last("c"), None);
        assert_eq!(
            packed.values()[..],
            [b"{}\0\0".as_slice(), &[0; PADDING]].concat()
        );
        assert_eq!(packed.place(1), None);
    }
}
