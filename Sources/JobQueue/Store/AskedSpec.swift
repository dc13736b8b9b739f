import TallySchema

/// The specification of a row's job. If another version has written it in a form that this one can't read, ``spec`` has
/// only the input and output names, and ``unreadable`` has the reason.
struct AskedSpec {
  let spec: JobSpec
  let unreadable: String?

  init(_ row: some StoredRow) {
    do {
      spec = try JobSpec(json: JSONValue(parsing: row.text("spec") ?? ""))
      unreadable = nil
    } catch {
      let output = row.text("output").flatMap { $0.isEmpty ? nil : $0 }
      spec = JobSpec(input: row.text("input") ?? "", output: output)
      unreadable = AskedSpec.message(needs: row.text("needs") ?? "[]", "\(error)")
    }
  }

  private static func message(needs: String, _ problem: String) -> String {
    let known = Set(JobFeature.allCases.map(\.rawValue))
    let needs = (try? [String](json: JSONValue(parsing: needs))) ?? []
    let unknown = needs.filter { !known.contains($0) }
    return message(
      unknown.isEmpty ? problem : "it needs \(unknown.joined(separator: ", ")), which this version doesn't know")
  }

  static func message(_ why: String) -> String {
    "Another version of the server has written what this job asks, and this one can't read it: \(Excerpt.of(why)). "
      + "A server of that version runs the job and tells more."
  }
}
