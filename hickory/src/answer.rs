//! What hickory says of a question, as an [`Answer`].
//!
//! hickory has one error for "there is nothing", with the details inside, and others for "nobody could tell". What
//! has to be told apart with care is NODATA: a referral and a chain of aliases that was given up look much like
//! it.

use crate::name;
use hickory_resolver::{
    TokioResolver,
    lookup::Lookup,
    net::{DnsError, NetError, NoRecords},
    proto::{
        op::ResponseCode,
        rr::{self, RData, RecordType},
    },
};
use mail_base::dns::{Answer, Kind, Question, Records, Txt};

/// The most records of an answer. A message of the DNS cannot hold as many: it has 65,535 octets, and the
/// smallest record 16. What holds more is [`Answer::Unavailable`]: if it were cut, another half of it might give
/// another verdict.
pub const MAX_RECORDS: usize = 4096;

/// Asks hickory.
pub(crate) async fn ask(hickory: &TokioResolver, question: &Question) -> Answer {
    let Some((name, record_type)) = name::to_hickory(&question.name).zip(record_type(question.kind)) else {
        return Answer::Unavailable;
    };
    match hickory.lookup(name, record_type).await {
        Ok(lookup) => positive(&lookup, question.kind, record_type),
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing))) => negative(hickory, nothing).await,
        // another response code, a time-out, no connection, a broken packet
        Err(_) => Answer::Unavailable,
    }
}

fn record_type(kind: Kind) -> Option<RecordType> {
    match kind {
        Kind::A => Some(RecordType::A),
        Kind::Aaaa => Some(RecordType::AAAA),
        Kind::Mx => Some(RecordType::MX),
        Kind::Ptr => Some(RecordType::PTR),
        Kind::Txt => Some(RecordType::TXT),
        _ => None,
    }
}

/// The records of a response. Beside them may stand the aliases that led there.
fn positive(lookup: &Lookup, kind: Kind, record_type: RecordType) -> Answer {
    let count = lookup.answers().iter().filter(|record| record.record_type() == record_type).count();
    if lookup.message().response_code != ResponseCode::NoError || count == 0 || count > MAX_RECORDS {
        return Answer::Unavailable;
    }
    let data = lookup.answers().iter().map(|record| &record.data);
    match kind {
        Kind::A => Answer::a(data.filter_map(|data| match data {
            RData::A(address) => Some(address.0),
            _ => None,
        })),
        Kind::Aaaa => Answer::aaaa(data.filter_map(|data| match data {
            RData::AAAA(address) => Some(address.0),
            _ => None,
        })),
        Kind::Mx => Answer::mx(data.filter_map(|data| match data {
            RData::MX(mx) => Some((mx.preference, name::from_hickory(&mx.exchange)?)),
            _ => None,
        })),
        Kind::Ptr => Answer::ptr(data.filter_map(|data| match data {
            RData::PTR(target) => name::from_hickory(&target.0),
            _ => None,
        })),
        Kind::Txt => Answer::new(Records::Txt(
            data.filter_map(|data| match data {
                RData::TXT(text) => Some(Txt::from_strings(&text.txt_data)),
                _ => None,
            })
            .collect(),
        )),
        _ => Answer::Unavailable,
    }
}

/// What a response without records means (RFC 2308 §2).
async fn negative(hickory: &TokioResolver, nothing: NoRecords) -> Answer {
    match nothing.response_code {
        ResponseCode::NXDomain => Answer::NoSuchName,
        ResponseCode::NoError if nothing.soa.is_some() => Answer::NoRecords,
        // §2.2: name servers and no SOA are a referral; who is asked here does not know the answer
        ResponseCode::NoError if nothing.ns.is_some() => Answer::Unavailable,
        ResponseCode::NoError => without_authority(hickory, nothing.query.name().clone()).await,
        _ => Answer::Unavailable,
    }
}

/// NODATA of a server that sends no SOA ("type 3" of RFC 2308 §2.2), or the end of hickory's patience with a chain
/// of aliases: then the last name that it asked for is an alias itself.
async fn without_authority(hickory: &TokioResolver, mut last: rr::Name) -> Answer {
    last.set_fqdn(true);
    match hickory.lookup(last, RecordType::CNAME).await {
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
            if nothing.response_code == ResponseCode::NoError =>
        {
            Answer::NoRecords
        }
        _ => Answer::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::{
        op::Query,
        rr::{
            Record,
            rdata::{A, AAAA, CNAME, MX, PTR, TXT},
        },
    };
    use mail_base::Name;

    fn labels(labels: &[&[u8]]) -> rr::Name {
        rr::Name::from_labels(labels.iter().copied()).unwrap()
    }

    fn answer(kind: Kind, data: impl IntoIterator<Item = RData>) -> Answer {
        let owner = labels(&[b"a", b"example"]);
        let record_type = record_type(kind).unwrap();
        let query = Query::query(owner.clone(), record_type);
        let records = data.into_iter().map(|data| Record::from_rdata(owner.clone(), 300, data));
        positive(&Lookup::new_with_max_ttl(query, records), kind, record_type)
    }

    #[test]
    fn records_of_every_kind_keep_their_order() {
        let host = || labels(&[b"Mail", b"example"]);
        let mail = || Name::parse("mail.example").unwrap();
        assert_eq!(
            answer(Kind::A, [RData::A(A::new(192, 0, 2, 2)), RData::A(A::new(192, 0, 2, 1))]),
            Answer::a([[192, 0, 2, 2].into(), [192, 0, 2, 1].into()])
        );
        assert_eq!(
            answer(Kind::Aaaa, [RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))]),
            Answer::aaaa(["2001:db8::1".parse().unwrap()])
        );
        assert_eq!(
            answer(Kind::Mx, [RData::MX(MX::new(10, host())), RData::MX(MX::new(0, rr::Name::root()))]),
            Answer::mx([(10, mail()), (0, Name::root())])
        );
        assert_eq!(answer(Kind::Ptr, [RData::PTR(PTR(host()))]), Answer::ptr([mail()]));
        assert_eq!(
            answer(
                Kind::Txt,
                [RData::TXT(TXT::from_bytes(vec![b"a\xff", b"b"])), RData::TXT(TXT::new(vec![]))]
            ),
            Answer::txt([&b"a\xffb"[..], b""])
        );
    }

    #[test]
    fn aliases_beside_the_records_are_left_out() {
        let alias = RData::CNAME(CNAME(labels(&[b"b", b"example"])));
        let address = RData::A(A::new(192, 0, 2, 1));
        assert_eq!(answer(Kind::A, [alias.clone(), address.clone()]), Answer::a([[192, 0, 2, 1].into()]));
        assert_eq!(answer(Kind::Txt, [alias, address]), Answer::Unavailable, "a response without an answer");
    }

    #[test]
    fn names_that_cannot_be_held_are_skipped() {
        let odd = || labels(&[b"a.b", b"example"]);
        let mail = || labels(&[b"mail"]);
        assert_eq!(
            answer(Kind::Ptr, [RData::PTR(PTR(odd())), RData::PTR(PTR(mail()))]),
            Answer::ptr([Name::parse("mail").unwrap()])
        );
        assert_eq!(answer(Kind::Ptr, [RData::PTR(PTR(odd()))]), Answer::NoRecords);
        assert_eq!(answer(Kind::Mx, [RData::MX(MX::new(0, odd()))]), Answer::NoRecords);
    }

    #[test]
    fn more_records_than_a_message_can_hold_are_unavailable() {
        let addresses = |count: usize| answer(Kind::A, (0..count).map(|_| RData::A(A::new(192, 0, 2, 1))));
        assert_eq!(addresses(MAX_RECORDS).as_a().len(), MAX_RECORDS);
        assert_eq!(addresses(MAX_RECORDS + 1), Answer::Unavailable);
    }
}
