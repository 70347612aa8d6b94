//! Parquet objects put together by hand, so that they can say of themselves what no writer would.

use bytes::Bytes;

/// A node of a schema.
#[derive(Clone, Copy)]
pub(in crate::decode) struct Node {
    pub(in crate::decode) name: &'static str,
    /// As Parquet numbers physical types; `None` for a group.
    pub(in crate::decode) physical: Option<i64>,
    /// 0 for required, 1 for optional, 2 for repeated.
    pub(in crate::decode) repetition: i64,
    pub(in crate::decode) children: i64,
    /// As Parquet numbers converted types.
    pub(in crate::decode) converted: Option<i64>,
    /// Of values of a fixed length.
    pub(in crate::decode) length: Option<i64>,
}

pub(in crate::decode) const INT64: i64 = 2;
pub(in crate::decode) const BYTE_ARRAY: i64 = 6;
pub(in crate::decode) const FIXED: i64 = 7;

pub(in crate::decode) const PLAIN: i64 = 0;
pub(in crate::decode) const DELTA_BYTE_ARRAY: i64 = 7;
pub(in crate::decode) const DICTIONARY: i64 = 8;

impl Node {
    /// A required column at the top.
    pub(in crate::decode) const fn leaf(name: &'static str, physical: i64) -> Self {
        Node {
            name,
            physical: Some(physical),
            repetition: 0,
            children: 0,
            converted: None,
            length: None,
        }
    }

    pub(in crate::decode) const fn group(name: &'static str, children: i64) -> Self {
        Node {
            name,
            physical: None,
            repetition: 1,
            children,
            converted: None,
            length: None,
        }
    }
}

/// A required string `s`.
pub(in crate::decode) const STRING: &[Node] = &[Node {
    converted: Some(0),
    ..Node::leaf("s", BYTE_ARRAY)
}];

/// A list `l` of numbers, both optional.
pub(in crate::decode) const LIST: &[Node] = &[
    Node {
        converted: Some(3),
        ..Node::group("l", 1)
    },
    Node {
        repetition: 2,
        ..Node::group("list", 1)
    },
    Node {
        repetition: 1,
        ..Node::leaf("element", INT64)
    },
];

/// An object of one column and one row group.
pub(in crate::decode) struct Craft<'a> {
    /// Its schema, without the root: one node below another.
    pub(in crate::decode) schema: &'a [Node],
    pub(in crate::decode) rows: i64,
    pub(in crate::decode) values: i64,
    /// The column's pages.
    pub(in crate::decode) pages: Vec<u8>,
}

impl Craft<'_> {
    pub(in crate::decode) fn object(&self) -> Bytes {
        let mut object = b"PAR1".to_vec();
        object.extend_from_slice(&self.pages);
        let footer = self.footer();
        let length = footer.len() as u32;
        object.extend(footer);
        object.extend(length.to_le_bytes());
        object.extend(b"PAR1");
        object.into()
    }

    fn footer(&self) -> Vec<u8> {
        let mut out = Thrift::default();
        out.number(1, 1);
        out.list(2, self.schema.len() + 1);
        out.within(|root| {
            root.bytes(4, b"root");
            root.number(5, 1);
        });
        for node in self.schema {
            out.within(|element| {
                node.physical.iter().for_each(|one| element.number(1, *one));
                node.length.iter().for_each(|one| element.number(2, *one));
                element.number(3, node.repetition);
                element.bytes(4, node.name.as_bytes());
                if node.physical.is_none() {
                    element.number(5, node.children);
                }
                node.converted
                    .iter()
                    .for_each(|one| element.number(6, *one));
            });
        }
        out.long(3, self.rows);
        out.list(4, 1);
        out.within(|group| {
            group.list(1, 1);
            group.within(|chunk| {
                chunk.long(2, 4);
                chunk.field(3, STRUCT);
                chunk.within(|meta| self.column(meta));
            });
            group.long(2, self.pages.len() as i64);
            group.long(3, self.rows);
        });
        out.end()
    }

    fn column(&self, meta: &mut Thrift) {
        let leaf = self.schema.last().and_then(|leaf| leaf.physical);
        meta.number(1, leaf.unwrap_or(INT64));
        meta.field(2, 9);
        meta.out.extend([0x15, 0]);
        meta.field(3, 9);
        meta.out.push((self.schema.len() as u8) << 4 | 8);
        for node in self.schema {
            meta.varint(node.name.len() as u64);
            meta.out.extend_from_slice(node.name.as_bytes());
        }
        // Not compressed.
        meta.number(4, 0);
        meta.long(5, self.values);
        meta.long(6, self.pages.len() as i64);
        meta.long(7, self.pages.len() as i64);
        meta.long(9, 4);
    }
}

/// A dictionary of as many values.
pub(in crate::decode) fn dictionary_page(values: i64, body: &[u8]) -> Vec<u8> {
    let header = |header: &mut Thrift| {
        header.number(1, values);
        header.number(2, PLAIN);
    };
    page(2, 7, body, header)
}

/// A data page of as many values, with levels in front of them in its body.
pub(in crate::decode) fn data_page(values: i64, encoding: i64, body: &[u8]) -> Vec<u8> {
    let header = |header: &mut Thrift| {
        header.number(1, values);
        header.number(2, encoding);
        header.number(3, 3);
        header.number(4, 3);
    };
    page(0, 5, body, header)
}

fn page(kind: i64, id: i64, body: &[u8], header: impl Fn(&mut Thrift)) -> Vec<u8> {
    let mut out = Thrift::default();
    out.number(1, kind);
    out.number(2, body.len() as i64);
    out.number(3, body.len() as i64);
    out.field(id, STRUCT);
    out.within(header);
    let mut page = out.end();
    page.extend_from_slice(body);
    page
}

/// A run of one value in the hybrid of runs and bits, of a byte at most.
pub(in crate::decode) fn run(length: u64, value: u8) -> Vec<u8> {
    let mut out = Thrift::default();
    out.varint(length << 1);
    out.out.push(value);
    out.out
}

/// Levels after their length.
pub(in crate::decode) fn levels(runs: &[Vec<u8>]) -> Vec<u8> {
    let runs = runs.concat();
    [&(runs.len() as u32).to_le_bytes()[..], &runs].concat()
}

/// A string of a plain page.
pub(in crate::decode) fn plain(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text].concat()
}

/// Numbers as deltas: `first` and then always the same one, `rest`.
pub(in crate::decode) fn lengths(first: i64, rest: i64, count: u64) -> Vec<u8> {
    let mut out = Thrift::default();
    // Blocks of 128 in one part.
    [128, 1, count].into_iter().for_each(|one| out.varint(one));
    out.zigzag(first);
    let mut left = count - 1;
    let mut least = rest - first;
    while left > 0 {
        let here = left.min(128);
        match least < 0 {
            // One delta below the others, which are nothing.
            true => {
                out.zigzag(least);
                out.out.push(32);
                let bits = (0..128).map(|at| if at == 0 { 0 } else { (-least) as u32 });
                out.out.extend(bits.flat_map(u32::to_le_bytes));
            }
            false => {
                out.zigzag(0);
                out.out.push(32);
                let bits = (0..128).map(|at| if at == 0 { least as u32 } else { 0 });
                out.out.extend(bits.flat_map(u32::to_le_bytes));
            }
        }
        least = 0;
        left -= here;
    }
    out.out
}

/// A writer of Thrift's compact protocol.
#[derive(Default)]
struct Thrift {
    out: Vec<u8>,
    last: i64,
}

const STRUCT: u8 = 12;

impl Thrift {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Fields rise by less than 16.
    fn field(&mut self, id: i64, kind: u8) {
        self.out.push(((id - self.last) as u8) << 4 | kind);
        self.last = id;
    }

    fn number(&mut self, id: i64, value: i64) {
        self.field(id, 5);
        self.zigzag(value);
    }

    fn long(&mut self, id: i64, value: i64) {
        self.field(id, 6);
        self.zigzag(value);
    }

    fn bytes(&mut self, id: i64, bytes: &[u8]) {
        self.field(id, 8);
        self.varint(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// The head of a list of structs, fewer than 15.
    fn list(&mut self, id: i64, items: usize) {
        self.field(id, 9);
        self.out.push((items as u8) << 4 | STRUCT);
    }

    fn within(&mut self, write: impl Fn(&mut Thrift)) {
        let last = std::mem::take(&mut self.last);
        write(self);
        self.out.push(0);
        self.last = last;
    }

    fn end(mut self) -> Vec<u8> {
        self.out.push(0);
        self.out
    }
}
