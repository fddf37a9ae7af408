use super::*;
use crate::reading::{NodeId, Timestamp};
use crate::telemetry::journal::{Journal, JournalConfig};
use crate::telemetry::pipeline::External;

fn frame(day: i8) -> Frame {
    let date = jiff::civil::date(2010, 1, day);
    let station = NodeId::new("station-egnatias").expect("a name");
    External { quantity: "pm10".into(), days: vec![(date, f64::from(day))] }.frame(station, Timestamp::from_millis(7))
}

fn frames() -> Vec<Frame> {
    (1..=5).map(frame).collect()
}

fn small_journal(folder: &Path) -> Journal {
    let config = JournalConfig { segment_bytes: 4 << 20, bytes_max: 16 << 20, ..JournalConfig::default() };
    Journal::open(&folder.join("journal"), config).expect("a journal").0
}

/// What the journal holds, by now.
fn journalled(journal: &Journal) -> Vec<Frame> {
    let mut reader = journal.reader(1);
    let mut out = Vec::new();
    let mut take = |_, record: &[u8]| out.push(Frame::decode(record).expect("a frame"));
    while reader.read(1 << 20, &mut take).expect("readable") > 0 {}
    out
}

#[tokio::test]
async fn what_is_left_is_journalled_in_order_and_the_file_goes() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = leave(folder.path(), &frames()).expect("left");
    assert_eq!((files.len(), taken(&files[0])), (1, None));
    let journal = small_journal(folder.path());
    let (stop, stopped) = watch::channel(false);
    let follower = tokio::spawn(follow(folder.path().to_owned(), journal.appender(), stopped));
    while taken(&files[0]).is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(taken(&files[0]), Some(Ok(())));
    assert_eq!(journalled(&journal), frames());
    stop.send_replace(true);
    follower.await.expect("ended");
}

#[tokio::test]
async fn a_second_take_after_a_crash_gives_the_same_frames() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = leave(folder.path(), &frames()).expect("left");
    let bytes = fs::read(&files[0]).expect("bytes");
    let journal = small_journal(folder.path());
    assert!(take(&files[0], &journal.appender()).await.is_ok());
    // The crash came after the commit and before the file was gone.
    fs::write(&files[0], bytes).expect("there again");
    assert!(take(&files[0], &journal.appender()).await.is_ok());
    assert_eq!(journalled(&journal), [frames(), frames()].concat());
}

#[tokio::test]
async fn a_file_half_written_is_left_alone_and_a_bad_one_is_set_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = leave(folder.path(), &frames()).expect("left");
    let bytes = fs::read(&files[0]).expect("bytes");
    let partial = files[0].with_extension(PARTIAL);
    fs::rename(&files[0], &partial).expect("as before the rename");
    let cut = folder.path().join(FOLDER).join("1.frames");
    fs::write(&cut, &bytes[..bytes.len() - 9]).expect("written");
    let journal = small_journal(folder.path());
    assert!(take_all(&folder.path().join(FOLDER), &journal.appender()).await.is_ok());
    assert!(journalled(&journal).is_empty());
    assert!(partial.exists());
    assert_eq!(taken(&cut), Some(Err(cut.with_extension(BAD))));
}

#[test]
fn a_file_cut_or_altered_anywhere_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = leave(folder.path(), &frames()[..2]).expect("left");
    let bytes = fs::read(&files[0]).expect("bytes");
    let whole = parse(&bytes).expect("whole");
    assert_eq!(whole, frames()[..2].iter().map(Frame::encode).collect::<Vec<_>>());
    for length in 0..bytes.len() {
        assert!(parse(&bytes[..length]).is_err(), "cut at {length}");
        let mut altered = bytes.clone();
        altered[length] ^= 0x10;
        assert!(parse(&altered).is_err(), "altered at {length}");
    }
    assert_eq!(parse(&[&bytes[..], b"x"].concat()), Err(Damage::End));
}

#[test]
fn many_frames_are_spread_over_several_files_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut large = frame(1);
    // Bytes that do not repeat themselves: a frame packs those that do.
    let mut state = 1u64;
    large.payload.resize_with(FILE_BYTES_MAX / 2 - 100, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let files = leave(folder.path(), &[large.clone(), frame(2), large.clone(), frame(3)]).expect("left");
    assert_eq!(files.len(), 2);
    let folder = folder.path().join(FOLDER);
    assert_eq!(waiting(&folder).expect("listed"), files);
    let counts: Vec<usize> = files.iter().map(|f| parse(&fs::read(f).expect("bytes")).expect("whole").len()).collect();
    assert_eq!(counts, [2, 2]);
}
