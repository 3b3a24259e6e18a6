//! Notes: one writer wins, long lists are read whole.

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead};

use super::account;

const LOCK: &str = "/quarterdeck/myproject/staging/lock";

#[test]
fn of_two_who_write_the_same_note_at_the_same_time_one_wins_and_the_other_learns_it() {
    let name = "notes::of_two_who_write_the_same_note_at_the_same_time_one_wins_and_the_other_learns_it";
    account(name, &[], async |a| {
        let (note, other) = (format!("{LOCK}/1"), a.change.clone());
        let (jane, joe) =
            tokio::join!(a.change.put_note(&note, "jane", false), other.put_note(&note, "joe", false));
        let winner = if jane.is_ok() { "jane" } else { "joe" };
        assert_ne!(jane.is_ok(), joe.is_ok(), "{jane:?} {joe:?}");
        let error = jane.and(joe).unwrap_err();
        assert!(matches!(error, CloudError::Exists(_)) && !error.is_open(), "{error:?}");
        let notes = a.cloud.notes(LOCK).await.unwrap();
        assert_eq!(
            notes.iter().map(|n| (n.name.as_str(), n.text.as_str())).collect::<Vec<_>>(),
            [(note.as_str(), winner)]
        );
        let first = notes[0].written_at.unwrap();
        a.change.put_note(&note, "replaced", true).await.unwrap();
        let notes = a.cloud.notes(LOCK).await.unwrap();
        assert_eq!(notes[0].text, "replaced");
        assert!(notes[0].written_at.unwrap() >= first);
    });
}

#[test]
fn notes_are_read_over_all_pages_in_order_and_whole_and_deleted_in_any_number() {
    let name = "notes::notes_are_read_over_all_pages_in_order_and_whole_and_deleted_in_any_number";
    account(name, &[], async |a| {
        let mut names: Vec<String> = (0..20).map(|n| format!("{LOCK}/{n:03}")).collect();
        let long = format!("{{\"lines\":\"{}\"}}", "é\\n".repeat(900));
        for name in names.iter().rev() {
            a.change.put_note(name, &long, false).await.unwrap();
        }
        a.change.put_note("/quarterdeck/myproject/production/lock/1", "other", false).await.unwrap();
        a.change.put_note("/quarterdeck/myproject/staging/locksmith", "no lock", false).await.unwrap();
        let found = a.cloud.notes(LOCK).await.unwrap();
        assert_eq!(found.iter().map(|n| n.name.clone()).collect::<Vec<_>>(), names);
        assert!(found.iter().all(|n| n.text == long), "not shortened");
        assert_eq!(a.cloud.notes(&format!("{LOCK}/")).await.unwrap().len(), 20);
        assert_eq!(a.cloud.notes("/quarterdeck").await.unwrap().len(), 22, "everything below");
        names.push(format!("{LOCK}/gone"));
        a.change.delete_notes(&names).await.unwrap();
        assert_eq!(a.cloud.notes(LOCK).await.unwrap(), []);
        assert_eq!(a.count("DeleteParameters"), 3, "ten a request");
        a.change.delete_notes(&names).await.unwrap();
        a.change.delete_notes(&[]).await.unwrap();
        assert_eq!(a.cloud.notes("/quarterdeck").await.unwrap().len(), 2);
    });
}
