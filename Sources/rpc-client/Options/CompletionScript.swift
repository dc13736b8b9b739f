#if Server
  import ArgumentParser

  /// The shells' scripts, of which bash's passes texts of a server to `compgen -W`: that expands what stands in them, command
  /// substitutions too. Here they are compared as they are, and Readline quotes what it inserts.
  enum CompletionScript {
    struct Unknown: Error, CustomStringConvertible {
      var description: String {
        "This program was built with a version of Swift Argument Parser whose bash script it can't make safe."
      }
    }

    private static let expanding = #"__rpc-client_add_completions -W "$("#
    private static let literal = #"__rpc-client_offer_texts "$("#

    /// The words that a server has named: none of them is read by the shell. With `-o filenames` Readline quotes them,
    /// in the way that the quotes that are open ask for.
    private static let offerTexts = #"""
      __rpc-client_offer_texts() {
          local text
          local -r plain="${cur//\\/}"
          while IFS='' read -r text; do
              if [[ -n "${text}" && "${text}" == "${plain}"* ]]; then
                  COMPREPLY+=("${text}")
              fi
          done <<< "${1}"
      }


      """#

    /// - Throws: ``Unknown`` when the generated script isn't as it is known to be.
    static func bash(_ generated: String) throws -> String {
      let main = "_rpc-client() {\n"
      guard generated.contains(expanding), generated.contains("\n" + main),
        generated.contains("complete -o filenames -F _rpc-client rpc-client")
      else { throw Unknown() }
      let safe = generated.replacing(expanding, with: literal).replacing("\n" + main, with: "\n" + offerTexts + main)
      // Every other list of words is the program's own.
      guard !safe.contains(#"-W "$("#) else { throw Unknown() }
      return safe
    }
  }
#endif
