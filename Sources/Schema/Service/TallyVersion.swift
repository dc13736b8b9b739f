/// The version of this package: of servers, clients, and what they say to each other.
public enum TallyVersion {
  /// The version, as `MAJOR.MINOR.PATCH`.
  public static let text = "0.1.0"
}
